"""Which benchmark tasks a run asks for: what people type, what a name stands for, what is refused."""
