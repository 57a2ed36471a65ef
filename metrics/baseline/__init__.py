"""What is normal for a series at this hour, learned from its own past; and when it is not."""
