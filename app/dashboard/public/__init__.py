"""Status pages for strangers: what is declared under `public` in leadline.yaml, and nothing else."""
