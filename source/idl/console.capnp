@0xe6a94d02f7315bc8;
# The console service: owns the UART after boot, and carries lines of text both ways.
#
# Every result begins with `status`. If it is not `ok`, the other fields of that result are zero or empty.

const version :UInt32 = 1;
# The version of this contract.

const lineBytesMax :UInt32 = 1024;
# The longest text in one `write`, and the longest line from `readLine`.

enum ConsoleStatus {
  # Why a request was refused, or that it was not.

  ok @0;
  # Done.

  badMessage @1;
  # The parameters were not a well-formed message of this method.

  unknownMethod @2;
  # The service has no method of this number.

  tooLong @3;
  # The text is longer than `lineBytesMax`.

  busy @4;
  # Another client is waiting for a line: there is one keyboard.

  interrupted @5;
  # The line was given up with Ctrl-C.
}

interface Console {
  # The methods. The ordinal travels in the first word of a call, the parameters in the message page.

  write @0 (text :Text) -> (status :ConsoleStatus);
  # Prints the text as it is; texts of several clients are never mixed within one call.

  readLine @1 (prompt :Text) -> (status :ConsoleStatus, line :Text);
  # Prints the prompt, waits for a line, and returns it without its end.
}
