//! dmfab against real sshds and real Docker Engines: the lab's four hosts.

mod access;
mod actions;
mod broken_midway;
mod connections;
mod failing;
mod faults;
mod in_place;
mod interrupted;
mod lifecycle;
mod manual;
mod networks;
mod no_op;
mod operating;
mod options;
mod planning;
mod pulling;
mod replacing;
mod saved_plans;
mod scripts;
mod shop;
mod volumes;
