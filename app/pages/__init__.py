"""The pages of the app, a file each: ``page`` draws it."""
