"""What pages and pictures are made of: charts, colours, templates. Knows neither runs nor attributions."""
