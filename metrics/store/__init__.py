"""The database and its SQL: one module per question, parameters bound."""
