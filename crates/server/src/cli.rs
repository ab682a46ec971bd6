//! The command line.

use crate::installation::InstallationCommand;
use crate::rotation::KeysCommand;
use crate::settings::{Flags, TABLE};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, Parser, Subcommand};
use frontrow_mock::MockSettings;
use std::net::SocketAddr;
use std::path::PathBuf;
use uuid::Uuid;

/// Sells concert seats: no seat twice, no money lost.
#[derive(Debug, Parser)]
#[command(name = "frontrow", version, disable_help_subcommand = true)]
pub struct Cli {
    /// The settings file. Otherwise `FRONTROW_CONFIG` names it, or ./frontrow.toml is read if it exists.
    #[arg(long, global = true, value_name = "PATH", help_heading = SETTINGS)]
    pub config: Option<PathBuf>,
    /// The settings.
    #[command(flatten)]
    pub flags: Flags,
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Serves the API; first brings a database in a file up to date.
    Serve,
    /// Brings the database up to date, and creates it if there's none.
    Migrate,
    /// Creates a new database with venues, concerts, sales and users to try things with.
    Demo(Demo),
    /// Serves the API without a database, for people who build pages. Nothing is kept.
    Mock(Mock),
    /// Audits the database, whether it's being served or not: exits with 0 if everything is right, 1 if something is
    /// wrong, 2 if it can't tell.
    Verify,
    /// Prints the OpenAPI document of the API.
    Openapi,
    /// Manages operators.
    Operator {
        /// What to do with them.
        #[command(subcommand)]
        action: OperatorAction,
    },
    /// Manages accounts.
    User {
        /// What to do with them.
        #[command(subcommand)]
        action: UserAction,
    },
    /// Shows a sale's waiting room, and runs it.
    Sale {
        /// What to do with it.
        #[command(subcommand)]
        action: SaleAction,
    },
    /// Publishes the files of a lobby's draw, and checks them.
    Draw {
        /// What to do.
        #[command(subcommand)]
        action: DrawAction,
    },
    /// Shows what every instance on the database must have, and changes it.
    Installation {
        /// What to do with it.
        #[command(subcommand)]
        command: InstallationCommand,
    },
    /// Lists the keys that sign, and changes them, on several instances without refusing anybody.
    Keys {
        /// What to do with them.
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Prints the settings in force and where each comes from, with secrets masked.
    Config {
        /// Prints what is not protected with these settings instead: exits with 0 if nothing, otherwise with 1.
        #[arg(long)]
        check: bool,
    },
}

/// How the demo is made.
#[derive(Debug, Args)]
pub struct Demo {
    /// Serve it on loopback, until interrupted.
    #[arg(long)]
    pub serve: bool,
    /// The new database's file, which must not exist [default: the database that the settings name; if they name none,
    /// ./frontrow-demo.sqlite, or with --serve a temporary file]. For a demo on a server, name an empty database with
    /// --database-url instead.
    #[arg(long, value_name = "PATH")]
    pub database: Option<PathBuf>,
}

/// What the mock is like.
#[derive(Debug, Args)]
pub struct Mock {
    /// What all ids, tokens and deeds of the crowd follow from: the same seed gives the same world.
    #[arg(long, value_name = "NUMBER", default_value_t = MockSettings::DEFAULT_SEED)]
    pub seed: u64,
    /// How many scripted people take seats and stand in line around you.
    #[arg(long, value_name = "NUMBER", default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(..=i64::from(MockSettings::MAX_CROWD)))]
    pub crowd: u32,
    /// Where to listen: an IP address and a port.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub address: SocketAddr,
    /// Lets pages of this origin call the mock, too, such as `https://pages.example`. Pages of localhost, 127.0.0.1 and
    /// `[::1]` may anyway, on any port.
    #[arg(long, value_name = "ORIGIN")]
    pub cors_origin: Vec<String>,
}

/// What to do with operators.
#[derive(Debug, Subcommand)]
pub enum OperatorAction {
    /// Adds an operator. The password is asked for, or read from standard input or a file.
    Add(NewOperator),
}

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum UserAction {
    /// Adds an account that nobody can log in to, for a user who doesn't exist according to `frontrow verify`. Their
    /// reservations and points stay what they are.
    StandIn {
        /// The id that `frontrow verify` printed.
        user: Uuid,
    },
}

/// What to do with the queue of a sale's waiting room. Bookings are not touched: see `set --stop-holds`.
#[derive(Debug, Subcommand)]
pub enum SaleAction {
    /// Shows the queue and its figures.
    Status {
        /// The sale's id.
        sale: Uuid,
    },
    /// Lists what operators have done to it, newest first.
    Log {
        /// The sale's id.
        sale: Uuid,
    },
    /// Opens the queue: people are called and admitted. Use it to open early, from the lobby, or again after a pause.
    Open(Worked),
    /// Pauses the queue, not the sale: whoever is admitted goes on booking. People can join, nobody is called or admitted,
    /// and deadlines in the queue stand still. To stop new holds too: `set --stop-holds true`.
    Pause(Worked),
    /// Drains the queue: admits the people who are already in the queue, and lets nobody join any more.
    Drain(Worked),
    /// Closes the queue: nobody is admitted any more.
    Close(Worked),
    /// Changes its capacity, rate and other settings while it runs.
    Set(SetQueue),
    /// Lets it go on if a wrong clock has moved it into the future: until then it stands still.
    ResetClock {
        /// The sale's id.
        sale: Uuid,
        /// The email address of the operator who does it, for the audit.
        #[arg(long, value_name = "EMAIL")]
        by: String,
    },
}

/// Which queue, by whom.
#[derive(Debug, Args)]
pub struct Worked {
    /// The sale's id.
    pub sale: Uuid,
    /// The email address of the operator who does it, for the audit.
    #[arg(long, value_name = "EMAIL")]
    pub by: String,
    /// A message for the people in the queue, such as the reason for a pause; empty for none.
    #[arg(long, value_name = "TEXT")]
    pub message: Option<String>,
}

/// What to change in a queue.
#[derive(Debug, Args)]
pub struct SetQueue {
    /// Which, by whom.
    #[command(flatten)]
    pub worked: Worked,
    /// How many may be admitted at a time.
    #[arg(long, value_name = "NUMBER")]
    pub capacity: Option<u32>,
    /// How many are admitted per minute.
    #[arg(long, value_name = "NUMBER")]
    pub rate: Option<u32>,
    /// How many of them may come at once.
    #[arg(long, value_name = "NUMBER")]
    pub burst: Option<u32>,
    /// The weights of the groups, such as 2,1.
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',')]
    pub weights: Option<Vec<u32>>,
    /// Whether to stop new holds: true or false.
    #[arg(long, value_name = "BOOLEAN")]
    pub stop_holds: Option<bool>,
}

/// What to do with a draw.
#[derive(Debug, Subcommand)]
pub enum DrawAction {
    /// Writes what can be published so far into a directory: before the opening the commitment, after it the lists.
    Publish(PublishDraw),
    /// Enters the value of the round that was named before the opening; it decides the order. You can enter it once the
    /// lists are published, shortly after the opening, and you can't change it.
    Value {
        /// The sale's id.
        sale: Uuid,
        /// The round's value, as its beacon publishes it: 32 to 1024 hexadecimal digits.
        #[arg(long, value_name = "HEX")]
        value: String,
        /// The email address of the operator who does it, for the audit.
        #[arg(long, value_name = "EMAIL")]
        by: String,
    },
    /// Writes everything, including the secret, once the ranks are drawn.
    Reveal(DrawFiles),
    /// Computes everything again from the files, without a database; exits with 0 if they agree, otherwise with 1.
    Verify {
        /// Where the files are.
        directory: PathBuf,
    },
}

/// What to publish.
#[derive(Debug, Args)]
pub struct PublishDraw {
    /// Which draw's files, and where.
    #[command(flatten)]
    pub files: DrawFiles,
    /// Names the round of public randomness that the draw waits for, such as "drand quicknet 1234567". Name it once,
    /// before the sale opens, and choose one that comes out after the opening. Until you enter its value with
    /// `frontrow draw value`, nobody is called.
    #[arg(long, value_name = "TEXT", requires = "by")]
    pub round: Option<String>,
    /// The email address of the operator who names it, for the audit.
    #[arg(long, value_name = "EMAIL", requires = "round")]
    pub by: Option<String>,
}

/// Which draw's files, and where.
#[derive(Debug, Args)]
pub struct DrawFiles {
    /// The sale's id.
    pub sale: Uuid,
    /// Where the files go; created if it's missing.
    #[arg(long, value_name = "DIRECTORY")]
    pub out: PathBuf,
}

/// The new operator.
#[derive(Debug, Args)]
pub struct NewOperator {
    /// What they will log in with.
    #[arg(long)]
    pub email: String,
    /// What to call them.
    #[arg(long)]
    pub name: String,
    /// A file whose first line is the password.
    #[arg(long, value_name = "PATH")]
    pub password_file: Option<PathBuf>,
}

const SETTINGS: &str = "Settings";

/// Every setting is a flag, made from the one table of settings.
impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        TABLE.iter().fold(command, |command, setting| {
            let flag = Arg::new(setting.name)
                .long(setting.flag())
                .value_name("VALUE")
                .global(true)
                .help_heading(SETTINGS)
                .hide_short_help(true)
                .help(format!("{} [default: {}]", setting.purpose, setting.default));
            command.arg(flag)
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given =
            TABLE.iter().filter_map(|setting| Some((setting.name, matches.get_one::<String>(setting.name)?.clone())));
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.extend(Self::from_arg_matches(matches)?.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn settings_can_stand_before_and_after_the_command() {
        let cli =
            Cli::try_parse_from(["frontrow", "--listen", "[::1]:1", "serve", "--database-url", "sqlite://a"]).unwrap();
        assert_eq!(cli.flags.0["listen"], "[::1]:1");
        assert_eq!(cli.flags.0["database_url"], "sqlite://a");
        assert_eq!(cli.flags.0.len(), 2);
    }

    #[test]
    fn no_password_is_taken_from_the_command_line() {
        let words = ["frontrow", "operator", "add", "--email", "a@b.example", "--name", "A", "--password", "x"];
        assert!(Cli::try_parse_from(words).is_err());
        assert!(Cli::try_parse_from(&words[..7]).is_ok());
    }
}
