<?php
// The name in the database of whoever's server this is.
$database = pg_connect("host=127.0.0.1 user=customer dbname=postgres");
echo "page of ", pg_fetch_result(pg_query($database, "select name from customer"), 0, 0), "\n";
