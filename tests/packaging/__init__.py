"""What is installed, and how: the wheel, the source distribution, and the environment that make sets up."""
