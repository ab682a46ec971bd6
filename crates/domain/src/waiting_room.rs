//! The waiting room: a fair line in front of a sale.
//!
//! Who joins gets a number, and with it a rank. The line calls ranks in their order; who is called and comes to the door
//! is admitted, the lowest rank first, so fast as the operator wants and never more at a time than there is room for. An
//! admission is the right to book for a while. `docs/waiting-room.md` tells the whole story.

mod change_words;
mod draw;
mod estimates;
mod forecast;
mod frontier;
mod gaps;
mod line;
mod place;
mod records;
mod rooms;
mod round;
mod settings;
mod tick;

pub use draw::{Digest, Drawing, Ranks, commitment, list_digest, list_line, seed};
pub use estimates::Estimates;
pub use forecast::{AskAgain, Forecast, Wait};
pub use gaps::{Gap, Gaps};
pub use line::{Ending, GroupLine, Line, LineChange, LineUpdate, NotNow, Phase, Sample};
pub use place::{Group, Pass, QueueNumber, QueueToken, Rank, Standing};
pub use records::{Admission, Admitted, Claim, Place};
pub use rooms::{Claimed, Rooms};
pub use round::DrawRefusal;
pub use settings::{AdmissionTerms, GroupTerms, WaitingRoom};
pub use tick::{Floor, Stock, Tick, Ticked};
