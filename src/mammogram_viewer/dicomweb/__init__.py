"""What the viewer reads: exams, headers and frames, in the shapes of DICOMweb (PS3.18)."""
