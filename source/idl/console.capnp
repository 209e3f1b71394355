@0xe6a94d02f7315bc8;
# The console service: owns the UART after boot, and carries lines of text both ways.
#
# What the kernel and all tasks print reaches the service by itself (Syscall.ConsoleWrite); these methods are for
# clients that want more than to print. Text that was printed before a call of any method comes out before the text of
# that method.
#
# Every result begins with `status`. If it is not `ok`, the other fields of that result are zero or empty.

const version :UInt32 = 2;
# The version of this contract.

const lineBytesMax :UInt32 = 1024;
# The longest text in one `write`, and the longest line from `readLine`.

const promptBytesMax :UInt32 = 64;
# The longest prompt of `readLine`.

enum ConsoleStatus {
  # Why a request was refused, or that it was not.

  ok @0;
  # Done.

  badMessage @1;
  # The parameters were not a well-formed message of this method.

  unknownMethod @2;
  # The service has no method of this number.

  tooLong @3;
  # The text is longer than `lineBytesMax`, or the prompt than `promptBytesMax`.

  busy @4;
  # Another client is waiting for a line, and there is one keyboard; or too many wait for a `flush`.

  interrupted @5;
  # The person at the keyboard gave the line up with Ctrl-C.

  full @6;
  # The device takes the text too slowly, and there is no room to keep more of it: try again a little later.

  ended @7;
  # Ctrl-D on an empty line: the person at the keyboard has ended the input.
}

interface Console {
  # The methods. The ordinal travels in the first word of a call, the parameters in the message page.

  write @0 (text :Text) -> (status :ConsoleStatus);
  # Prints the text as it is; texts of several clients are never mixed within one call.

  readLine @1 (prompt :Text) -> (status :ConsoleStatus, line :Text);
  # Prints the prompt, waits for a line, and returns it without its end. The line can be edited while it is typed.

  flush @2 () -> (status :ConsoleStatus);
  # Waits until everything that was printed so far has left the device: before the machine is turned off.
}
