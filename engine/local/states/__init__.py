"""What is read from the network besides answers: hidden states, whole distributions."""
