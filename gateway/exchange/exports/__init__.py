"""What goes out: orders and what they refer to as files of every format."""
