load 'tests/bench/plots/common.gp'
set title 'Instructions that an association adds to a call, by its addresses'
set logscale x 2
set xrange [0.8:1300]
set yrange [-500:*]
set xlabel 'addresses of the set'
set xtics (1, 8, 64, 1024)
# The first line is the cost without an association, and the others begin with a number.
size(name) = name eq 'no module' ? NaN : real(name)
array calls = ['bind tcp, address', 'connect udp', 'sendto udp, bound', 'sendto udp, unbound', 'connect tcp, whole handshake', 'send 1 B, established']
plot for [at = 1:|calls|] data . '/sets.dat' using (size(strcol(1))):(column(calls[at])) title calls[at]
