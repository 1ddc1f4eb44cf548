// The functions of all statements, by family (one file each). `run_x` carries an instruction out; `compile_x` makes the
// instructions of a statement that is more than its parameters. Each is named in exactly one row of table.cpp.
#pragma once
#include "ruleinterp/compile.h"
#include "ruleinterp/machine.h"

namespace pennypost::ruleinterp::families {

// flow.cpp: If..., ForEach, Break, Goto, Stop
void compile_if(Compiler& c);
void compile_if_match(Compiler& c);
void compile_if_in_bag(Compiler& c);
void compile_if_local_address(Compiler& c);
void compile_else(Compiler& c);
void compile_end_if(Compiler& c);
void compile_for_each(Compiler& c);
void compile_end_for(Compiler& c);
void compile_break(Compiler& c);
void compile_goto(Compiler& c);
Flow run_stop(Run& run, const Instruction& i);

// scan.cpp: BulkScan, CountMatches, GlobalMatch
void compile_bulk_scan(Compiler& c);
void compile_end_bulk_scan(Compiler& c);
Flow run_count_matches(Run& run, const Instruction& i);
Flow run_global_match(Run& run, const Instruction& i);

// definitions.cpp: what is fixed when the script is loaded
void compile_define_rule(Compiler& c);
void compile_define_setting(Compiler& c);
void compile_add_null_address(Compiler& c);

// bags.cpp
Flow run_add_bag(Run& run, const Instruction& i);
Flow run_clear_bag(Run& run, const Instruction& i);
Flow run_copy_bag(Run& run, const Instruction& i);
Flow run_remove_bag(Run& run, const Instruction& i);
bool bag_holds(Run& run, const Bag& bag, const Operand& value);

// texts.cpp: Convert, Escape, Replace, hashes, dates
Flow run_convert(Run& run, const Instruction& i);
Flow run_escape(Run& run, const Instruction& i);
Flow run_replace(Run& run, const Instruction& i);

// mail.cpp: what changes the message or where it goes
Flow run_log(Run& run, const Instruction& i);

}  // namespace pennypost::ruleinterp::families
