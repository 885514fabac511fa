"""Work folders of OpenCompass."""
