"""Pages without Dash: what has to work before anybody is signed in, without a script, and for strangers."""
