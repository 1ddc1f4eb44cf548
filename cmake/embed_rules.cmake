# Makes a C++ source of rule files: cmake -DOUT=file.cpp -DDIR=rules -P embed_rules.cmake
# spamrules.txt comes first; the others follow in the order of their names.
file(GLOB files ${DIR}/*.txt)
list(SORT files)
list(REMOVE_ITEM files ${DIR}/spamrules.txt)
list(PREPEND files ${DIR}/spamrules.txt)
set(text "// Made from ${DIR} by cmake/embed_rules.cmake.\n#include \"server/filter/rule_set.h\"\n\nnamespace pennypost::filter {\n\nconst std::vector<RuleFile>& default_rules() {\n  static const std::vector<RuleFile> files{\n")
foreach(file IN LISTS files)
  get_filename_component(base ${file} NAME)
  file(READ ${file} rules)
  string(APPEND text "    {\"${base}\", R\"rules(${rules})rules\"},\n")
endforeach()
string(APPEND text "  };\n  return files;\n}\n\n}  // namespace pennypost::filter\n")
file(WRITE ${OUT} "${text}")
