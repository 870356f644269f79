"""What can be measured of populations and done among them: fronts, diversity, convergence, migration."""
