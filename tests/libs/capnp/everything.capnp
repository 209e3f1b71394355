@0xa94c5fd1e02b7638;
# A schema with everything that the generator knows: tests hold the guest's accessors against capnp-es with it.

const small :UInt8 = 0xff;
const negative :Int64 = -5;
const yes :Bool = true;

enum Colour {
  red @0;
  green @1;
  blue @2;
}

struct Scalars {
  bit @0 :Bool;
  byte @1 :Int8;
  word @2 :UInt64;
  nothing @3 :Void;
  half @4 :Int16;
  otherBit @5 :Bool;
  colour @6 :Colour;
  quad @7 :Int32;
  octet @8 :UInt8;
  short @9 :UInt16;
  unsigned @10 :UInt32;
  long @11 :Int64;
}

struct Defaults {
  # Read without being written, each gives its default.

  bit @0 :Bool = true;
  byte @1 :Int8 = -3;
  half @2 :UInt16 = 0xbeef;
  quad @3 :Int32 = -70000;
  unsigned @4 :UInt32 = 4000000000;
  long @5 :Int64 = -1;
  word @6 :UInt64 = 0xfedcba9876543210;
  colour @7 :Colour = blue;
}

struct Leaf {
  name @0 :Text;
  size @1 :UInt64;
  kind @2 :Colour;
}

struct Pointers {
  text @0 :Text;
  bytes @1 :Data;
  leaf @2 :Leaf;
  leaves @3 :List(Leaf);
  numbers @4 :List(UInt32);
  shorts @5 :List(Int16);
  longs @6 :List(UInt64);
  octets @7 :List(UInt8);
  colours @8 :List(Colour);
  texts @9 :List(Text);
  blobs @10 :List(Data);
  defaults @11 :Defaults;
  mark @12 :UInt16;
}

struct Tree {
  value @0 :UInt32;
  left @1 :Tree;
  right @2 :Tree;
  children @3 :List(Tree);
}

interface Service {
  empty @0 () -> ();
  named @1 Leaf -> Pointers;
  both @2 (a :UInt8, b :Text, c :UInt64 = 7) -> (colour :Colour, leaf :Leaf);
}
