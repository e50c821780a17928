"""The tests, a file a room."""
