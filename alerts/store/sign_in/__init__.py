"""What is stored of sign-in: accounts, sessions and tokens, each change with its line in the audit log."""
