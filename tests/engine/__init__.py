"""Real `ansible-playbook` runs over sandbox nodes."""
