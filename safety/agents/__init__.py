"""Agents in one answer: a conversation is laid out up to a tool's result, and what is called next is judged."""
