// Which statements only refuse: they return a refusal or nothing, or leave a loop, and do nothing before that but call
// what releases, records or answers. An `if` with such a branch is a check.

import type * as Core from "assemblyscript";

type Compiler = typeof Core;

/** More statements than these do something of their own. */
const STATEMENTS_MAX = 4;
/** Members of an enumeration that say that all is well. */
const wellMembers = /^(None|Done|ok|Ok|True)$/;
/** Constants and variables that stand for a refusal. */
const refusingNames =
  /^(NO|NOT|NONE|MALFORMED|FAILED|INVALID)(_|$)|refus|error|status|fault|fail|outcome|verdict/i;
/** Functions that refuse, by their names. */
const refusingCalls = /^(refuse|refused|fail|failIn|giveUp|turnOut|spill|unable)/i;

/** Whether a branch of an `if` only refuses. */
export function onlyRefuses(core: Compiler, branch: Core.Statement): boolean {
  const statements = branch instanceof core.BlockStatement ? branch.statements : [branch];
  const last = statements.at(-1);
  return (
    last !== undefined &&
    statements.length <= STATEMENTS_MAX &&
    statements.slice(0, -1).every((statement) => isCall(core, statement)) &&
    leavesRefusing(core, last)
  );
}

function isCall(core: Compiler, statement: Core.Statement): boolean {
  return statement instanceof core.ExpressionStatement && statement.expression instanceof core.CallExpression;
}

function leavesRefusing(core: Compiler, statement: Core.Statement): boolean {
  if (statement instanceof core.ReturnStatement) {
    return statement.value === null || isRefusal(core, statement.value);
  }
  return statement instanceof core.BreakStatement || statement instanceof core.ContinueStatement;
}

/** Whether a value stands for a refusal. */
function isRefusal(core: Compiler, value: Core.Expression): boolean {
  if (value instanceof core.FalseExpression || value instanceof core.NullExpression) {
    return true;
  }
  if (value instanceof core.IntegerLiteralExpression) {
    return Number(value.value) === 0;
  }
  if (value instanceof core.UnaryPrefixExpression) {
    return value.operand instanceof core.IntegerLiteralExpression;
  }
  if (value instanceof core.CallExpression) {
    return callRefuses(core, value);
  }
  if (value instanceof core.PropertyAccessExpression) {
    return memberRefuses(core, value);
  }
  return value instanceof core.IdentifierExpression && refusingNames.test(value.text);
}

function callRefuses(core: Compiler, { expression, args }: Core.CallExpression): boolean {
  const name = nameOf(core, expression);
  return refusingCalls.test(name) || args.some((arg) => isNamedRefusal(core, arg));
}

/** A refusal that is passed to the function which answers, as in setStatus(task, Refusal.BadSlot). */
function isNamedRefusal(core: Compiler, arg: Core.Expression): boolean {
  const isWord = arg instanceof core.FalseExpression || arg instanceof core.NullExpression;
  const isName = arg instanceof core.PropertyAccessExpression || arg instanceof core.IdentifierExpression;
  return isName && !isWord && isRefusal(core, arg);
}

/** Whether a value is a refusal that has a name, or no object: a number may be a result like any other. */
export function refusesByName(core: Compiler, value: Core.Expression): boolean {
  const isNumber =
    value instanceof core.IntegerLiteralExpression || value instanceof core.UnaryPrefixExpression;
  return !isNumber && isRefusal(core, value);
}

/** A member of an enumeration that says no, or a field that holds such a word. */
function memberRefuses(core: Compiler, { expression, property }: Core.PropertyAccessExpression): boolean {
  const isEnumeration =
    expression instanceof core.IdentifierExpression && /^[A-Z][a-z]/.test(expression.text);
  return isEnumeration ? !wellMembers.test(property.text) : refusingNames.test(property.text);
}

/** The last name of what is called. */
function nameOf(core: Compiler, called: Core.Expression): string {
  if (called instanceof core.PropertyAccessExpression) {
    return called.property.text;
  }
  return called instanceof core.IdentifierExpression ? called.text : "";
}
