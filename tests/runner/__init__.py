"""keydeploy as AWX runs it: in an execution environment and under ansible-runner."""
