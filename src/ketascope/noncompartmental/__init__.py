"""Non-compartmental analysis of measured and simulated concentrations: areas, terminal slope, clearance, summaries."""
