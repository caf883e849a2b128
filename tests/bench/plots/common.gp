# What all plots have. gnuplot gets: data, a folder of tables; about, a line about the
# measurement; file, where the plot goes.
set terminal svg size 720,420 background 'white'
set output file
set datafile separator tab missing '-'
set key outside below
set key autotitle columnhead
set style data linespoints
set label about at screen 0.99,0.015 right font ',9'
