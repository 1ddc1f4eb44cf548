// What the files of the commands offer to the table in commands.cpp.
#pragma once
#include <memory>

#include "server/pop3/command.h"

namespace pennypost::pop3 {

std::unique_ptr<Command> make_user();  // user_pass.cpp
std::unique_ptr<Command> make_pass();  // user_pass.cpp
std::unique_ptr<Command> make_apop();  // apop.cpp
std::unique_ptr<Command> make_auth();  // auth.cpp
std::unique_ptr<Command> make_stls();  // stls.cpp
std::unique_ptr<Command> make_capa();  // capa.cpp
std::unique_ptr<Command> make_stat();  // stat.cpp
std::unique_ptr<Command> make_list();  // list.cpp
std::unique_ptr<Command> make_uidl();  // list.cpp
std::unique_ptr<Command> make_retr();  // retr.cpp
std::unique_ptr<Command> make_top();   // retr.cpp
std::unique_ptr<Command> make_dele();  // dele.cpp
std::unique_ptr<Command> make_rset();  // dele.cpp
std::unique_ptr<Command> make_noop();  // stat.cpp
std::unique_ptr<Command> make_quit();  // quit.cpp

}  // namespace pennypost::pop3
