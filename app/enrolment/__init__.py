"""A person's consent, got by a browser on this machine: authorization code with PKCE and a loopback redirect."""
