"""The documentation of the features, written from their definitions: never typed by hand."""
