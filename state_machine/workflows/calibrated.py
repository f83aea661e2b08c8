"""What arming and exposing need of the calibrations: whole, passed, not expired, the same part."""

from state_machine.phases import Condition

C = Condition

CALIBRATED = (
    C(
        lambda f: f.calibrations_whole,
        "the store of calibrations is damaged, unreadable or not signed by this room's key: see"
        " galactograph service calibrate list; calibrate anew and start the controller again",
        "calibrations-whole",
    ),
    C(
        lambda f: f.sensor_calibrated,
        "the line pressure sensor has no calibration that was passed: end here, then galactograph"
        " service calibrate pressure",
        "sensor-calibrated",
    ),
    C(
        lambda f: f.sensor_current,
        "the calibration of the line pressure sensor has expired, or this computer's date is"
        " wrong: end here, then galactograph service calibrate pressure",
        "sensor-current",
    ),
    C(
        lambda f: f.force_calibrated,
        "the compression force has no calibration that was passed: end here, then galactograph"
        " service calibrate force",
        "force-calibrated",
    ),
    C(
        lambda f: f.force_current,
        "the calibration of the compression force has expired, or this computer's date is wrong:"
        " end here, then galactograph service calibrate force",
        "force-current",
    ),
    C(
        lambda f: f.syringe_calibrated,
        "this syringe counts as weighed and has no weighing that was passed: galactograph service"
        " calibrate syringe, or count 5 % in the procedure file",
        "syringe-calibrated",
    ),
    C(
        lambda f: f.syringe_current,
        "the weighing of this syringe has expired, or this computer's date is wrong: galactograph"
        " service calibrate syringe, or count 5 % in the procedure file",
        "syringe-current",
    ),
    C(
        lambda f: f.syringe_as_weighed,
        "this syringe was weighed to another diameter than the procedure file says, by more than"
        " the uncertainty it counts: correct the file, see galactograph service calibrate list",
        "syringe-as-weighed",
    ),
)
