"""placeholder"""
DRILLS = {}
