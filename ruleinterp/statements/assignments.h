// Lines that are no statement of the table: assignments, and the lines of a BulkScan.
#pragma once
#include "ruleinterp/compile.h"

namespace pennypost::ruleinterp::families {

void compile_assignment(Compiler& c);
void compile_scan_line(Compiler& c, const Compiler::OpenBlock& scan);

}  // namespace pennypost::ruleinterp::families
