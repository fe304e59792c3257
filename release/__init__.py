"""What is published, and of what it is made: docs/supply-chain.md tells how to verify it."""
