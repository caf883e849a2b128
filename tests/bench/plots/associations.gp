load 'tests/bench/plots/common.gp'
set title 'Instructions for each association, by their number'
set logscale xy
set xrange [1:200000]
set xlabel 'associations'
array each = ['create one', 'add an address to one', 'list, the id of one', 'addrctl list, one', 'end one']
plot for [at = 1:|each|] data . '/associations.dat' using 1:(column(each[at])) title each[at]
