"""What the steps share on the Ansible side."""
