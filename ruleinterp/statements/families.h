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

// dates.cpp, digest.cpp
Flow run_get_rfc822_date(Run& run, const Instruction& i);
Flow run_get_md5(Run& run, const Instruction& i);
Flow run_get_sha1(Run& run, const Instruction& i);

// learning.cpp: Bayes and lists
Flow run_add_bayes_ham(Run& run, const Instruction& i);
Flow run_add_bayes_spam(Run& run, const Instruction& i);
Flow run_remove_bayes_ham(Run& run, const Instruction& i);
Flow run_remove_bayes_spam(Run& run, const Instruction& i);
Flow run_add_white_list(Run& run, const Instruction& i);
Flow run_add_black_list(Run& run, const Instruction& i);

// people.cpp: addresses, groups, countries
Flow run_get_address_type(Run& run, const Instruction& i);
Flow run_get_user_group(Run& run, const Instruction& i);
Flow run_get_geo_ip(Run& run, const Instruction& i);

// lookups.cpp: DNS
Flow run_dns(Run& run, const Instruction& i);
Flow run_dnsbl(Run& run, const Instruction& i);
Flow run_surbl(Run& run, const Instruction& i);
Flow run_start_dns(Run& run, const Instruction& i);
Flow run_start_dnsbl(Run& run, const Instruction& i);
Flow run_start_surbl(Run& run, const Instruction& i);

// web.cpp: HTTP
Flow run_http_get(Run& run, const Instruction& i);
Flow run_http_get_md5(Run& run, const Instruction& i);
Flow run_http_post(Run& run, const Instruction& i);
Flow run_win_http_get(Run& run, const Instruction& i);

// database.cpp
Flow run_db_insert(Run& run, const Instruction& i);
Flow run_db_update(Run& run, const Instruction& i);
Flow run_db_query_one(Run& run, const Instruction& i);

// sections.cpp: MIME sections and zip files in them
Flow run_get_decoded_section(Run& run, const Instruction& i);
Flow run_get_section_md5(Run& run, const Instruction& i);
Flow run_get_section_encoding(Run& run, const Instruction& i);
Flow run_zip_count(Run& run, const Instruction& i);
Flow run_zip_contents(Run& run, const Instruction& i);
Flow run_zip_contents_full(Run& run, const Instruction& i);

// mail.cpp: what changes the message or where it goes
Flow run_add_header(Run& run, const Instruction& i);
Flow run_copy(Run& run, const Instruction& i);
Flow run_redirect(Run& run, const Instruction& i);
Flow run_reject(Run& run, const Instruction& i);
Flow run_send_message(Run& run, const Instruction& i);
Flow run_log(Run& run, const Instruction& i);

}  // namespace pennypost::ruleinterp::families
