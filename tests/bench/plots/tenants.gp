load 'tests/bench/plots/common.gp'
set title 'Instructions a call, by the number of tenants on the port'
set logscale xy
set xrange [1:20000]
set yrange [1000:2000000]
set xlabel 'tenants, each with a wildcard socket on the port'
plot for [column = 2:4] data . '/tenants.dat' using 1:column
