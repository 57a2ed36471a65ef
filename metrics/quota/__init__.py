"""When does each vendor's quota run out? Level, burn and forecast of every bucket, against its real reset. Pure."""
