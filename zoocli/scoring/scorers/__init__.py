"""How each kind of loss is computed: of a tree, of classes, of values."""
