"""What a user names becomes the files of a checkpoint, judged before anything is loaded, and loaded whole."""
