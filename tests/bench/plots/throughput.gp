load 'tests/bench/plots/common.gp'
set title 'Requests in the same time, against a server that is not associated'
set style data histograms
set style fill solid 0.8 border
set yrange [0.8:1.06]
set ylabel 'the axis begins at 0.8'
set ytics 0.05
set grid ytics
plot for [column = 2:6] data . '/ratios.dat' using column:xtic(1)
