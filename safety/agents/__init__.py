"""Agents in one answer: a conversation with a tool's result is laid out, and what the checkpoint calls next is judged."""
