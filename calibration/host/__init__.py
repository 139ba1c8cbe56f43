"""What this host is and where its cores are, from the system and from measured latencies."""
