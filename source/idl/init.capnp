@0x9a4f6d21c7e8b035;
# nexus-init as a service: starts programs from pkg://bin/ for the shell, one at a time. In bring-up builds it also ends
# services on request, so that tests can see the system recover.
#
# A program that is started this way gets what topology.ts gives to programs in general. It is the same for every
# caller, and the caller's own capabilities are not passed on.
#
# Every result begins with `status`. If it is not `ok`, the other fields of that result are zero.

const version :UInt32 = 2;
# The version of this contract.

const argumentBytesMax :UInt32 = 128;
# The longest argument: what a startup page has room for.

const killMicrosecondsMax :UInt64 = 10000000;
# The longest delay of `kill`.

enum RunStatus {
  # Why a program was not run, or that it was.

  ok @0;
  # It ran, and has ended: `cause` and `detail` say how.

  badMessage @1;
  # The parameters were not a well-formed message of this method.

  unknownMethod @2;
  # The service has no method of this number.

  badName @3;
  # The name is not 1 to 16 of a–z, 0–9 and '-', or no service that runs has it.

  tooLong @4;
  # The argument is longer than `argumentBytesMax`, or the delay than `killMicrosecondsMax`.

  notStarted @5;
  # There is no such program, or it could not be started: a line on the console has said why.

  busy @6;
  # A program that was started this way is still running; or a service is still to be ended.

  interrupted @7;
  # It ran, and was ended because Ctrl-C was typed at the console. `cause` and `detail` say the same as after a kill.
}

interface Init {
  # The methods. The ordinal travels in the first word of a call, the parameters in the message page.

  run @0 (name :Text, argument :Text) -> (status :RunStatus, cause :UInt32, detail :UInt64);
  # Runs a program and waits for its end. `cause` is an `End` of the kernel (1: it left), `detail` its exit code or
  # the address of its fault.

  kill @1 (name :Text, afterMicroseconds :UInt64) -> (status :RunStatus);
  # Ends a service so many microseconds from now; answers at once. A test is then in the middle of something
  # when it happens. "nexus-init" is a name as well. `unknownMethod` in production builds.
}
