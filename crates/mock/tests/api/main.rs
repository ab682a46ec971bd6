//! The mock, as pages call it.

#[cfg(test)]
mod clock;
#[cfg(test)]
mod cors;
#[cfg(test)]
mod house;
#[cfg(test)]
mod world;
