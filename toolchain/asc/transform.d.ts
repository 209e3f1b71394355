// asc's own declaration of this module names a file that TypeScript does not find.

declare module "assemblyscript/transform" {
  export { Transform } from "assemblyscript/asc";
}
