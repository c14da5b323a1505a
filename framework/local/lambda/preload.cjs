/** Runs first in an environment: takes away what the permission model, which keeps the task root read-only, does beyond that. */

// Not imported: that asks a module for all that it can give, which loads as much again (docs/decisions/036).
const fs = process.getBuiltinModule("fs");

// Node hands the model down to the Node processes that a function starts, where each flag prints a warning.
const ofModel = /^--(permission$|allow-|disable-warning=SecurityWarning$|require=.*preload\.cjs$)/;
process.execArgv.splice(0, process.execArgv.length, ...process.execArgv.filter((argument) => !ofModel.test(argument)));

// It refuses what works on open files, wherever they are.
// A temporary folder ends with its environment: whether its bytes have reached the disk, nobody can tell.
for (const name of ["fsync", "fdatasync"]) {
  fs[`${name}Sync`] = () => {};
  fs[name] = (_descriptor, done) => process.nextTick(done, null);
}
// By the path of the open file, which the permission model judges. Elsewhere than on Linux there is none to ask for.
if (process.platform === "linux") {
  const pathOf = (descriptor) => fs.readlinkSync(`/proc/self/fd/${descriptor}`);
  for (const name of ["chmod", "chown", "utimes"]) {
    fs[`f${name}Sync`] = (descriptor, ...values) => fs[`${name}Sync`](pathOf(descriptor), ...values);
    fs[`f${name}`] = (descriptor, ...values) => fs[name](pathOf(descriptor), ...values);
  }
}
process.getBuiltinModule("module").syncBuiltinESMExports();
