load 'tests/bench/plots/common.gp'
set title 'Requests in the same time, against a server that is not associated'
set style data histograms
set style fill solid 0.8 border
set yrange [0:1.2]
set ytics 0.2
set grid ytics
plot for [column = 2:6] data . '/ratios.dat' using column:xtic(1)
