<?php
// What an attempt gives: bind=ADDRESS:PORT or connect=ADDRESS:PORT, in the query or as an argument.
parse_str($argv[1] ?? $_SERVER['QUERY_STRING'], $attempt);
$code = 0;
$text = '';
if (isset($attempt['bind'])) {
	$made = @stream_socket_server("tcp://{$attempt['bind']}", $code, $text);
} else {
	$made = @stream_socket_client("tcp://{$attempt['connect']}", $code, $text, 5);
}
echo $made ? "done" : "refused: $text", "\n";
