"""Rules on tasks that were looked at while they ran: evidence that holds whenever one looks."""
