"""Names of Keras's own layer classes that landslip may not know how to rebuild.

They are those of the sources of keras 1.2 to 3.15 and tf_keras 2.21. Files without modules are known by them; Keras
2.13 and later write the module of each class, which says more.
"""

from __future__ import annotations

# fmt: off
OF_KERAS = frozenset(
    {
        "AbstractRNNCell", "AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D",
        "AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D", "AdditiveAttention",
        "Attention", "AugMix", "AutoContrast", "AveragePooling1D", "AveragePooling3D", "AvgPool1D",
        "AvgPool2D", "AvgPool3D", "Bidirectional", "CategoryEncoding", "CenterCrop",
        "ContrastLimitedAdaptiveHistogramEqualization", "Conv1D", "Conv1DTranspose", "Conv3D",
        "Conv3DTranspose", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM2DCell", "ConvLSTM3D", "ConvRNN2D",
        "Convolution1D", "Convolution2D", "Convolution2DTranspose", "Convolution3D", "Cropping1D",
        "Cropping3D", "CuDNNGRU", "CuDNNLSTM", "CutMix", "Deconvolution2D", "DenseFeatures",
        "DepthwiseConv1D", "Discretization", "Dot", "EinsumDense", "Embedding", "Equalization", "GRU",
        "GRUCell", "GRUV1", "GlobalAveragePooling1D", "GlobalAveragePooling3D", "GlobalMaxPooling1D",
        "GlobalMaxPooling3D", "GroupNormalization", "GroupedQueryAttention", "HashedCrossing", "Hashing",
        "Highway", "Identity", "IntegerLookup", "LSTM", "LSTMCell", "LSTMV1", "LayerNormalization",
        "LocallyConnected1D", "LocallyConnected2D", "Masking", "MaxNumBoundingBoxes", "MaxPooling1D",
        "MaxPooling3D", "MaxoutDense", "MelSpectrogram", "MixUp", "MultiHeadAttention", "Pipeline",
        "RMSNormalization", "RNN", "RandAugment", "RandomColorDegeneration", "RandomColorJitter",
        "RandomCrop", "RandomElasticTransform", "RandomErasing", "RandomFourierFeatures",
        "RandomGaussianBlur", "RandomGrayscale", "RandomHeight", "RandomHue", "RandomInvert",
        "RandomPerspective", "RandomPosterization", "RandomSaturation", "RandomSharpness", "RandomShear",
        "RandomWidth", "RepeatVector", "Resizing", "STFTSpectrogram", "SeparableConv1D", "SimpleRNN",
        "SimpleRNNCell", "SlicingOpLambda", "Solarization", "SpatialDropout1D", "SpatialDropout3D",
        "SpectralNormalization", "StackedRNNCells", "StringLookup", "TFOpLambda", "TextVectorization",
        "TimeDistributed", "UnitNormalization", "UpSampling1D", "UpSampling3D", "ZeroPadding1D",
        "ZeroPadding3D",
    }
)
# fmt: on
"""All but ``Lambda``, which is code."""

# fmt: off
OPERATIONS_OF_KERAS = frozenset(
    {
        "Absolute", "AdaptiveAveragePool", "AdaptiveMaxPool", "Add", "AffineTransform", "All", "AllClose",
        "Amax", "Amin", "Angle", "Any", "Append", "Arange", "Arccos", "Arccosh", "Arcsin", "Arcsinh",
        "Arctan", "Arctan2", "Arctanh", "Argmax", "Argmin", "Argpartition", "Argsort", "Array", "ArraySplit",
        "Average", "AveragePool", "BatchNorm", "BinaryCrossentropy", "Bincount", "BitwiseAnd",
        "BitwiseInvert", "BitwiseLeftShift", "BitwiseNot", "BitwiseOr", "BitwiseRightShift", "BitwiseXor",
        "BroadcastTo", "CDist", "CTCDecode", "CTCLoss", "Cast", "CategoricalCrossentropy", "Cbrt", "Ceil",
        "Celu", "Cholesky", "CholeskyInverse", "Clip", "Concatenate", "Conjugate", "Conv", "ConvTranspose",
        "ConvertToTensor", "Copy", "Corrcoef", "Correlate", "Cos", "Cosh", "CountNonzero", "CropImages",
        "Cross", "Cumprod", "Cumsum", "Deg2rad", "DepthToSpace", "DepthwiseConv", "Det", "Diag", "Diagflat",
        "Diagonal", "Diff", "Digitize", "Divide", "DivideNoNan", "Dot", "DotProductAttention", "Dsplit",
        "Dstack", "Eig", "Eigh", "Einsum", "ElasticTransform", "Elu", "EmptyLike", "Equal", "Erf", "Erfc",
        "Erfinv", "Exp", "Exp2", "ExpandDims", "Expm1", "ExtractPatches", "ExtractSequences", "FFT", "FFT2",
        "Fabs", "Flip", "Fliplr", "Flipud", "Floor", "FloorDivide", "Fmax", "Fmin", "Fmod", "Fold", "Full",
        "FullLike", "Function", "GaussianBlur", "Gcd", "Gelu", "Geomspace", "GetItem", "Glu", "Greater",
        "GreaterEqual", "HSVToRGB", "HardShrink", "HardSigmoid", "HardSilu", "HardTanh", "Heaviside",
        "Histogram", "Hsplit", "Hstack", "Hypot", "I0", "IFFT2", "IRFFT", "ISTFT", "Imag", "InTopK", "Inner",
        "Inv", "IsIn", "Isclose", "Isfinite", "Isinf", "Isnan", "Isneginf", "Isposinf", "Isreal", "JVP",
        "Kron", "LayerNorm", "Lcm", "Ldexp", "LeakyRelu", "LeftShift", "Less", "LessEqual", "Linspace", "Log",
        "Log10", "Log1p", "Log2", "LogSigmoid", "LogSoftmax", "Logaddexp", "Logaddexp2", "Logdet",
        "LogicalAnd", "LogicalNot", "LogicalOr", "LogicalXor", "Logspace", "Logsumexp", "Lstsq", "LuFactor",
        "MapCoordinates", "Matmul", "MatrixRank", "Max", "MaxPool", "Maximum", "Mean", "Median", "Meshgrid",
        "Min", "Minimum", "Mish", "Mod", "Moments", "Moveaxis", "MultiHot", "Multiply", "NanToNum", "Nanargmax",
        "Nanargmin", "Nancumprod", "Nancumsum", "Nanmax", "Nanmean", "Nanmedian", "Nanmin", "Nanpercentile",
        "Nanprod", "Nanquantile", "Nanstd", "Nansum", "Nanvar", "Ndim", "Negative", "Nextafter", "Nonzero",
        "Norm", "Normalize", "NotEqual", "OneHot", "OnesLike", "Outer", "PSNR", "Pad", "PadImages",
        "Percentile", "PerspectiveTransform", "Pinv", "Polar", "Power", "Prod", "Ptp", "Qr", "Quantile",
        "RFFT", "RGBToGrayscale", "RGBToHSV", "RMSNorm", "Rad2deg", "Ravel", "ReLU", "Real", "Rearrange",
        "Reciprocal", "Relu", "Relu6", "Repeat", "Reshape", "Resize", "RightShift", "Roll", "Rot90", "Round",
        "Rsqrt", "SSIM", "STFT", "SVD", "SaturateCast", "ScaleAndTranslate", "Scatter", "ScatterUpdate",
        "SearchSorted", "SegmentReduction", "Select", "Selu", "SeparableConv", "Sigmoid", "Sign", "Signbit",
        "Silu", "Sin", "Sinc", "Sinh", "Size", "Slice", "SliceUpdate", "Slogdet", "SobelEdges", "SoftShrink",
        "Softmax", "Softplus", "Softsign", "Solve", "SolveTriangular", "Sort", "SpaceToDepth",
        "SparseCategoricalCrossentropy", "SparsePlus", "SparseSigmoid", "Sparsemax", "Split", "Sqrt",
        "Square", "Squareplus", "Squeeze", "Stack", "Std", "StopGradient", "Subtract", "Sum", "Swapaxes",
        "Take", "TakeAlongAxis", "Tan", "Tanh", "TanhShrink", "Tensordot", "Threshold", "Tile", "TopK",
        "Trace", "Transpose", "Trapezoid", "Tril", "Triu", "TrueDivide", "Trunc", "Unfold", "Unique",
        "UnravelIndex", "Unstack", "Vander", "Var", "Vdot", "View", "ViewAsComplex", "ViewAsReal", "Vsplit",
        "Vstack", "Where", "ZerosLike",
    }
)
# fmt: on
"""Operations of Keras 3, which are no layers; those that take functions are not among them."""
