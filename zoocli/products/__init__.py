"""Tables that zoocli makes: catalogues, predictions of a head, and simulations."""
